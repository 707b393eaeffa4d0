"""Response schemas by resource: each produces the JSON document of a response, and describes it in OpenAPI."""
