package memory

// CheckBytes refuses what DynamoDB would refuse even compressed.
func CheckBytes(text []byte) error { return checkBytes(text) }
