package meter

import "encoding/json"

// ItemSize is how large DynamoDB takes an item to be, written in its JSON.
func ItemSize(text string) (int, error) {
	var i item
	err := json.Unmarshal([]byte(text), &i)
	return i.size(), err
}

// AccessLogBytes is the length of a line of an access log.
var AccessLogBytes = accessLogBytes
