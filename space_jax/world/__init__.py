"""What a dialogue is about: tables that belief states search, and bookings."""
