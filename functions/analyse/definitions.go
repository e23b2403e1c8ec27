package analyse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/analyse"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
	"waymark/shared/domain/workspace"
)

// definitionAnswer is a document as it is shown.
type definitionAnswer struct {
	Kind     string `json:"kind"`
	Sentence string `json:"sentence"`          // what the kind is for
	Changed  string `json:"changed,omitempty"` // when it was settled
	// Counts says of each entry what it counts.
	Counts []string `json:"counts"`
	Text   rawJSON  `json:"definition,omitempty"`
}

// rawJSON is JSON as it was settled.
type rawJSON string

// MarshalJSON is the text itself.
func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// definitions answers GET /v1/definitions: all kinds, with what is settled of each.
func (h *Handler) definitions(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	if err := q.CheckQuery(nil, nil); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	settled, err := h.Documents.Documents(ctx, q.workspace.Name)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read documents: %w", err)
	}
	out := []definitionAnswer{}
	for _, kind := range h.Kinds {
		d := workspace.Document{Kind: kind.Name}
		if at := slices.IndexFunc(settled, func(d workspace.Document) bool { return d.Kind == kind.Name }); at >= 0 {
			d = settled[at]
		}
		shown, err := h.shown(kind, d)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		out = append(out, shown)
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"definitions": out}), nil
}

func (h *Handler) shown(kind analyse.Kind, d workspace.Document) (definitionAnswer, error) {
	out := definitionAnswer{Kind: kind.Name, Sentence: kind.Sentence, Counts: []string{}, Text: rawJSON(d.Text)}
	if d.Text == "" {
		return out, nil
	}
	out.Changed = d.Changed.Time().Format("2006-01-02T15:04:05.000Z07:00")
	counts, err := kind.Read([]byte(d.Text))
	if err != nil {
		return out, fmt.Errorf("read %s that was settled: %w", kind.Name, err)
	}
	out.Counts = append(out.Counts, counts...)
	return out, nil
}

// definition answers GET, PUT and DELETE of /v1/definitions/{kind}.
func (h *Handler) definition(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	if err := q.CheckQuery(nil, nil); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	at := slices.IndexFunc(h.Kinds, func(k analyse.Kind) bool { return k.Name == q.name })
	if at < 0 {
		var names []string
		for _, k := range h.Kinds {
			names = append(names, k.Name)
		}
		return events.APIGatewayV2HTTPResponse{}, fault.Newf(fault.NotFound, "unknown_kind", "there are definitions of %s", strings.Join(names, ", "))
	}
	kind := h.Kinds[at]
	d, err := h.Documents.Document(ctx, q.workspace.Name, kind.Name)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read document: %w", err)
	}
	switch q.Method {
	case http.MethodPut:
		if err := check(kind, q.Body); err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		d, err = h.settle(ctx, q, kind, string(q.Body))
	case http.MethodDelete:
		d, err = h.settle(ctx, q, kind, "")
	}
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	shown, err := h.shown(kind, d)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return httpapi.JSON(http.StatusOK, shown), nil
}

func (h *Handler) settle(ctx context.Context, q question, kind analyse.Kind, text string) (workspace.Document, error) {
	d := workspace.Document{Kind: kind.Name, Text: text, Changed: event.At(h.Now())}
	if err := h.Documents.PutDocument(ctx, q.workspace.Name, d); err != nil {
		return d, fmt.Errorf("write document: %w", err)
	}
	return d, nil
}

// check refuses what could not be read, or would be read otherwise than it was meant.
func check(kind analyse.Kind, body []byte) error {
	if len(body) > workspace.MaxDocument {
		return fault.Newf(fault.Invalid, "definition_too_large", "a definition may have %d bytes of JSON, this has %d", workspace.MaxDocument, len(body))
	}
	v, err := strictjson.Parse(string(body))
	if err != nil {
		return fault.Newf(fault.Invalid, "invalid_json", "the body must be JSON: %v", err)
	}
	if name, found := v.Twice(); found {
		return fault.Newf(fault.Invalid, "invalid_json", "the body has the key %.64q twice; send each key once", name)
	}
	_, err = kind.Read(body)
	if bad, isFault := errors.AsType[*fault.Error](err); isFault && bad.Kind == fault.Invalid {
		named := *bad
		named.Code = "bad_definition" // of all kinds
		return &named
	}
	return err
}
