"""Where run events go. Each comes in by the door `lineage_sinks`."""
