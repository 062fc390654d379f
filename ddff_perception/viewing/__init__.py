"""What `ddff view` shows in a browser: messages as pictures, clouds and readings, and the page."""
