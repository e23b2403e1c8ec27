package dynamo

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Attempts is what NewClient sends requests with, over a transport of the test.
func Attempts(transport http.RoundTripper) dynamodb.HTTPClient { return attempts{transport} }
