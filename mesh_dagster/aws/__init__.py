"""Amazon's services behind the mesh's doors; each module is loaded by name and needs `aws`."""
