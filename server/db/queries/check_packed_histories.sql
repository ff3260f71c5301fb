select history from histories
