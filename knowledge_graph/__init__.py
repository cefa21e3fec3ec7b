"""What medicine knows: how often a disease shows a finding, and who says so."""
