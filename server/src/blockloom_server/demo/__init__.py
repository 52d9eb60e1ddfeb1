"""The demo behind `make run`: a server with the examples, and a front end that runs one of them over the WebSocket."""
