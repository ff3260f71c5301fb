select state from undos
