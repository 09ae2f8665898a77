"""The graph of the mesh as pictures: Mermaid, Graphviz, and SVG in an HTML page of its own."""
