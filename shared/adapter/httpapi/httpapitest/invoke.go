package httpapitest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// Invoke hands a request to a function as Lambda does, as bytes, and reads its answer.
func Invoke(ctx context.Context, h lambda.Handler, request events.APIGatewayV2HTTPRequest) (
	answer events.APIGatewayV2HTTPResponse, err error,
) {
	payload, err := json.Marshal(request)
	if err != nil {
		return answer, fmt.Errorf("write request: %w", err)
	}
	raw, err := h.Invoke(ctx, payload)
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(raw, &answer)
}
