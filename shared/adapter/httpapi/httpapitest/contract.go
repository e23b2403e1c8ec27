// Package httpapitest holds what tests of the HTTP functions share: the contract docs/openapi.yaml, against which they check every answer, and
// the sample events of events/ with their golden answers. It is for tests only and is part of no function.
//
//	contract := httpapitest.Load(t)
//	contract.Check(t, "GET", "/v1/profiles/{id}", response)
package httpapitest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Contract is the description of every route and answer. It may be used by tests in parallel.
type Contract struct {
	document *openapi3.T
	mu       sync.Mutex
	checked  map[string]bool
}

// Load reads docs/openapi.yaml and checks that it is a valid description in which HEAD is wherever GET is, with its parameters and statuses.
func Load(t testing.TB) *Contract {
	t.Helper()
	loader := openapi3.NewLoader()
	document, err := loader.LoadFromFile(filepath.Join(Root(t), "docs", "openapi.yaml"))
	if err != nil {
		t.Fatalf("read the description: %v", err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatalf("the description is not valid OpenAPI: %v", err)
	}
	for path, item := range document.Paths.Map() {
		if get, head := asked(item.Get), asked(item.Head); get != head {
			t.Errorf("%s: GET is asked and answered with\n%s\nHEAD with\n%s", path, get, head)
		}
	}
	return &Contract{document: document, checked: map[string]bool{}}
}

// asked writes what an operation may be asked, and the statuses of its answers.
func asked(o *openapi3.Operation) string {
	if o == nil {
		return "nothing"
	}
	var said []string
	for _, p := range o.Parameters {
		said = append(said, p.Value.In+" "+p.Value.Name)
	}
	return fmt.Sprint(said, slices.Sorted(maps.Keys(o.Responses.Map())), o.Security, o.Tags)
}

// Root finds the folder of the repository.
func Root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "template.yaml")); err == nil {
			return folder
		}
	}
	t.Fatal("there is no template.yaml above the test")
	return ""
}

// Check holds an answer against the description of its route, given as the description writes it: status, headers and body.
func (c *Contract) Check(t testing.TB, method, path string, response events.APIGatewayV2HTTPResponse) {
	t.Helper()
	item := c.document.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		t.Errorf("the description has no %s %s", method, path)
		return
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "https://waymark.invalid"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: request,
			Route:   &routers.Route{Spec: c.document, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)},
		},
		Status: response.StatusCode, Header: header(response), Body: io.NopCloser(bytes.NewReader(Body(t, response))),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
		t.Errorf("%s %s answers %d %s, which is not as described: %v", method, path, response.StatusCode, response.Body, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked[fmt.Sprintf("%s %s %d", method, path, response.StatusCode)] = true
}

func header(response events.APIGatewayV2HTTPResponse) http.Header {
	out := http.Header{}
	for name, value := range response.Headers {
		out.Set(name, value)
	}
	return out
}

// Body is what a client receives.
func Body(t testing.TB, response events.APIGatewayV2HTTPResponse) []byte {
	t.Helper()
	if !response.IsBase64Encoded {
		return []byte(response.Body)
	}
	body, err := base64.StdEncoding.DecodeString(response.Body)
	if err != nil {
		t.Fatalf("the body is marked as base64 and is not: %v", err)
	}
	return body
}

// Unchecked lists the described answers of the operations with a tag that Check has not seen, as "GET /v1/status 401". HEAD is left out: its
// answers are those of GET, see Load.
func (c *Contract) Unchecked(tag string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []string
	for path, item := range c.document.Paths.Map() {
		for method, operation := range item.Operations() {
			if method == http.MethodHead || !slices.Contains(operation.Tags, tag) {
				continue
			}
			for status := range operation.Responses.Map() {
				if answer := strings.Join([]string{method, path, status}, " "); !c.checked[answer] {
					missing = append(missing, answer)
				}
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// Routes lists the described routes, as "GET /v1/status". HEAD is left out: it is where GET is, see Load.
func (c *Contract) Routes() []string {
	var routes []string
	for path, item := range c.document.Paths.Map() {
		for method := range maps.Keys(item.Operations()) {
			if method != http.MethodHead {
				routes = append(routes, method+" "+path)
			}
		}
	}
	slices.Sort(routes)
	return routes
}
