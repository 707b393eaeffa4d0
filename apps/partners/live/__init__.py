"""What the API pushes."""
