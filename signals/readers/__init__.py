"""One module a format; `channels` makes leads in millivolts of what they find."""
