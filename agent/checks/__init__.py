"""How each request is checked on a finished score: one function a request, on nothing but the parsed ABC."""
