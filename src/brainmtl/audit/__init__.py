"""What a data set hides: copies, conflicts, shortcuts and doubtful masks, told before anybody trains."""
