"""What medicine knows: diseases, findings, and how often one shows the other, each with its source."""
