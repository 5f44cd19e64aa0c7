"""Files of PALM, PLUG and VECO as they were released: read by one key map each, held against recorded numbers."""
