"""What is measured and made of pictures when somebody asks: for the measure step, and for commands alike."""
