package dynamo

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Attempts is what NewClient sends requests with, over a transport of the test.
func Attempts(transport http.RoundTripper) dynamodb.HTTPClient { return attempts{transport} }

// CheckItem checks an item of so many bytes, its attribute's name included.
func CheckItem(bytes int) error { return item{"b": binary(make([]byte, bytes-1))}.checkSize() }
