"""Label Studio over HTTP: `labelstudio_client` is the port, with its tokens and answers."""
