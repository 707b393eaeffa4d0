"""The API for partners: keys, limits, answers, and the pages about them."""
