"""Where the mesh finds its products: discovery documents on storage, and no server."""
