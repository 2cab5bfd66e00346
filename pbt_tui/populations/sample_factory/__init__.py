"""Sample-Factory: members are policies of one job."""
