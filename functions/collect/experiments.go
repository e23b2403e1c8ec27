package collect

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/assignment"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

const (
	// experimentsKept is for how long an instance answers from the experiments that it has read.
	experimentsKept = time.Minute
	// maxPersonBytes bounds an id: it is hashed, and nobody's is as long.
	maxPersonBytes = 1000
)

// variantAnswer is what a person has of an experiment.
type variantAnswer struct {
	Experiment string `json:"experiment"`
	Variant    string `json:"variant"`
	Running    bool   `json:"running"`
	Reason     string `json:"reason,omitempty"`  // why everybody has the control
	Tracker    string `json:"tracker,omitempty"` // what data-experiments of the tracker has to say, while the experiment runs
}

// experimentOf is the experiment in a path such as /v1/experiments/ID/variant; "" when it is another path.
func experimentOf(path string) string {
	id, isVariant := strings.CutSuffix(strings.TrimPrefix(path, "/v1"), "/variant")
	id, isExperiment := strings.CutPrefix(id, "/experiments/")
	if !isVariant || !isExperiment || strings.Contains(id, "/") {
		return ""
	}
	return id
}

// variant answers which variant of an experiment a person has. It sends no exposure: whoever shows the variant does.
func (h *Handler) variant(ctx context.Context, r httpapi.Request) events.APIGatewayV2HTTPResponse {
	answer, err := h.assigned(ctx, r)
	if err != nil {
		report(ctx, "/v1/experiments/{id}/variant", err)
		return httpapi.Error(err, r.ID)
	}
	return httpapi.JSON(http.StatusOK, answer)
}

// assigned works out the answer. Faults: those of writeKey and of CheckQuery, Invalid missing_person, two_persons or person_too_long, NotFound
// unknown_experiment, Unavailable.
func (h *Handler) assigned(ctx context.Context, r httpapi.Request) (variantAnswer, error) {
	key, err := h.writeKey(ctx, r, route{}, "")
	if err != nil {
		return variantAnswer{}, err
	}
	person, err := personAsked(r)
	if err != nil {
		return variantAnswer{}, err
	}
	all, err := h.experiments.of(ctx, key.Workspace)
	if err != nil {
		return variantAnswer{}, err
	}
	id := experimentOf(r.Path)
	e, found := assignment.Find(all, id)
	if !found {
		return variantAnswer{}, fault.Newf(fault.NotFound, "unknown_experiment",
			"the workspace has no experiment %.70q; check the id, or settle it with `waymark define experiments`. It takes a minute until a new one is known", id)
	}
	answer := variantAnswer{Experiment: e.ID}
	now := event.At(h.Now())
	answer.Variant, answer.Reason = e.At(person, now)
	if answer.Running = e.IsRunning(now); answer.Running {
		answer.Tracker = assignment.Attribute([]assignment.Experiment{e})
	}
	return answer, nil
}

// personAsked is the id that a variant is asked for. A person has one variant by each id, so two ids have no answer.
func personAsked(r httpapi.Request) (string, error) {
	if err := r.CheckQuery([]string{"user", "anonymous_id", "writeKey"}, nil); err != nil {
		return "", err
	}
	user, anonymous := r.Query.Get("user"), r.Query.Get("anonymous_id")
	switch {
	case user != "" && anonymous != "":
		return "", fault.New(fault.Invalid, "two_persons", "the request names user and anonymous_id, which may have different variants; send the one by which the experiment goes")
	case user == "" && anonymous == "":
		return "", fault.New(fault.Invalid, "missing_person", "the request does not say whose variant is asked for; add ?user= or ?anonymous_id=")
	case len(user)+len(anonymous) > maxPersonBytes:
		return "", fault.Newf(fault.Invalid, "person_too_long", "an id has at most %d bytes", maxPersonBytes)
	}
	return cmp.Or(user, anonymous), nil
}

// experiments keeps those of workspaces for a while, so that an answer does not wait for the table.
type experiments struct {
	documents Documents
	now       func() time.Time
	mu        sync.Mutex
	known     map[string]knownExperiments
}

type knownExperiments struct {
	all  []assignment.Experiment
	read time.Time
}

func newExperiments(c Config) *experiments {
	return &experiments{documents: c.Documents, now: c.Now, known: map[string]knownExperiments{}}
}

// of gives the experiments of a workspace. While they cannot be read, those that were read before hold: a person must not lose their variant for it.
// Faults: Unavailable, Internal.
func (x *experiments) of(ctx context.Context, workspace string) ([]assignment.Experiment, error) {
	x.mu.Lock()
	known, isKnown := x.known[workspace]
	x.mu.Unlock()
	now := x.now()
	if isKnown && now.Sub(known.read) < experimentsKept {
		return known.all, nil
	}
	document, err := x.documents.Document(ctx, workspace, "experiments")
	if err != nil {
		if isKnown {
			return known.all, nil
		}
		return nil, fmt.Errorf("read experiments: %w", err)
	}
	all, err := assignment.Parse([]byte(document.Text))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "bad_experiments", fmt.Errorf("read experiments that were settled: %w", err))
	}
	x.mu.Lock()
	x.known[workspace] = knownExperiments{all, now}
	x.mu.Unlock()
	return all, nil
}
