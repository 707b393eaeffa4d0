"""The OpenAPI 3.1 description, generated from the views and completed with problems, headers and scopes."""
