// Package analyse answers questions about the lives of persons, such as funnels, retention and attribution, and keeps what a workspace settles for them
// as data: funnels, costs, objectives, own metrics. How lives are read says package shared/analyse; here is how it is asked. Every answer is
// described in docs/openapi.yaml.
//
// The folder lambda beside it holds main, so that tests of the whole system run the very code that Lambda runs. It opens nothing: main wires it.
package analyse

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/analyse"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// Config is what the handler needs. Every field must be set.
type Config struct {
	Keys       httpapi.KeyStore
	Workspaces Workspaces
	Documents  Documents
	Kinds      []analyse.Kind
	Analyser   *analyse.Analyser
	Now        func() time.Time
}

// Handler answers requests.
type Handler struct {
	Config
	keyring *httpapi.Keyring
}

// New returns a handler.
func New(c Config) *Handler { return &Handler{c, httpapi.NewKeyring(c.Keys, c.Now)} }

// question is a request with the workspace that its key opens.
type question struct {
	httpapi.Request
	workspace workspace.Workspace
	name      string // what the path names: an analysis, a kind of document
}

// route is what answers one path.
type route struct {
	pattern string
	methods string // that are answered, as the header Allow lists them
	answer  func(*Handler, context.Context, question) (events.APIGatewayV2HTTPResponse, error)
}

const (
	analyses    = "/v1/analyses"
	definitions = "/v1/definitions"
)

func routeOf(r httpapi.Request) (found route, name string, ok bool) {
	switch r.Path {
	case analyses:
		return route{analyses, httpapi.Reads, (*Handler).list}, "", true
	case definitions:
		return route{definitions, httpapi.Reads, (*Handler).definitions}, "", true
	}
	if rest, ok := strings.CutPrefix(r.Path, analyses+"/"); ok {
		return route{analyses + "/{name}", httpapi.Reads, (*Handler).analysis}, rest, true
	}
	if rest, ok := strings.CutPrefix(r.Path, definitions+"/"); ok {
		return route{definitions + "/{kind}", "GET, HEAD, PUT, DELETE", (*Handler).definition}, rest, true
	}
	return route{}, "", false
}

// Handle answers one request. Every request has an answer; the error is always nil.
func (h *Handler) Handle(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	r, err := httpapi.Decode(e)
	found, name, ok := routeOf(r)
	if !ok {
		return httpapi.Error(fault.New(fault.NotFound, "no_route", "there is no such route; docs/api.md lists them"), r.ID), nil
	}
	if r.Method == http.MethodOptions {
		return httpapi.Options(found.methods), nil
	}
	if !httpapi.Allows(found.methods, r.Method) {
		return httpapi.WrongMethod(found.methods, r.ID), nil
	}
	response := events.APIGatewayV2HTTPResponse{}
	if err == nil {
		response, err = h.respond(ctx, question{Request: r, name: name}, found)
	}
	if err != nil {
		httpapi.Note(ctx, found.pattern, err)
		return httpapi.Error(err, r.ID), nil
	}
	slog.InfoContext(ctx, "request answered", "route", found.pattern, "status", response.StatusCode)
	return response, nil
}

func (h *Handler) respond(ctx context.Context, q question, found route) (events.APIGatewayV2HTTPResponse, error) {
	key, err := h.keyring.Reader(ctx, q.Request)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	if q.workspace, err = h.Workspaces.Workspace(ctx, key.Workspace); err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("load workspace: %w", err)
	}
	return found.answer(h, ctx, q)
}

// described is an analysis as GET /v1/analyses lists it.
type described struct {
	Name       string               `json:"name"`
	Version    int                  `json:"version"`
	Sentence   string               `json:"sentence"`
	Parameters []describedParameter `json:"parameters"`
}

type describedParameter struct {
	Name     string   `json:"name"`
	Sentence string   `json:"sentence"`
	Values   []string `json:"values,omitempty"`
	Default  string   `json:"default,omitempty"`
	IsList   bool     `json:"list,omitempty"`
}

// list answers GET /v1/analyses: what may be asked, and how.
func (h *Handler) list(_ context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	if err := q.CheckQuery(nil, nil); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	out := []described{}
	for _, a := range h.Analyser.Analyses {
		d := described{Name: a.Name, Version: a.Version, Sentence: a.Sentence, Parameters: []describedParameter{}}
		for _, p := range slices.Concat(analyse.Common(), a.Parameters) {
			d.Parameters = append(d.Parameters, describedParameter(p))
		}
		out = append(out, d)
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"analyses": out}), nil
}

// analysis answers GET /v1/analyses/{name}.
func (h *Handler) analysis(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	answer, err := h.Analyser.Answer(ctx, q.workspace, q.name, q.Query)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	response := httpapi.JSON(http.StatusOK, answer)
	if len(response.Body) > maxAnswer {
		return response, fault.Newf(fault.Invalid, "answer_too_large",
			"the answer has %d bytes, and may have %d; ask for less: a shorter time, fewer steps, or a smaller limit", len(response.Body), maxAnswer)
	}
	return response, nil
}

// maxAnswer is what Lambda may answer, with room for the rest of the response.
const maxAnswer = 5 << 20
