package collect

import (
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
)

// gpcPath is where a site says that it honours Global Privacy Control, for whoever wants to know.
const gpcPath = "/.well-known/gpc.json"

// gpcSupport is the resource that the specification of Global Privacy Control describes. lastUpdate is the day on which
// what is said here was said last.
type gpcSupport struct {
	GPC        bool   `json:"gpc"`
	LastUpdate string `json:"lastUpdate"`
}

func answerGPC(r httpapi.Request) events.APIGatewayV2HTTPResponse {
	if !httpapi.Allows(httpapi.Reads, r.Method) {
		return httpapi.WrongMethod(httpapi.Reads, r.ID)
	}
	answer := httpapi.JSON(http.StatusOK, gpcSupport{GPC: true, LastUpdate: "2026-11-29"})
	return httpapi.With(answer, map[string]string{"cache-control": "public, max-age=86400"})
}
