"""The description of the API, OpenAPI 3.1: made from its views, complete with problems, headers and scopes."""
