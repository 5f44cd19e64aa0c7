"""The role of every column of a database in the SQL of a conversation's last turn."""
