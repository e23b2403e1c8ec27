package collect

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
)

// gpcSupport is the resource that the specification of Global Privacy Control describes. lastUpdate is the day on which
// what is said here was said last.
type gpcSupport struct {
	GPC        bool   `json:"gpc"`
	LastUpdate string `json:"lastUpdate"`
}

// answerGPC says that the site honours Global Privacy Control.
func answerGPC(*Handler, context.Context, httpapi.Request) events.APIGatewayV2HTTPResponse {
	answer := httpapi.JSON(http.StatusOK, gpcSupport{GPC: true, LastUpdate: "2026-11-29"})
	return toAnyone(httpapi.With(answer, map[string]string{"cache-control": "public, max-age=86400"}))
}
