COMMENT ON SCHEMA mst IS 'state of the mst toolkit; made and changed by mst-db migrate alone';
