package httpapitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// anyValue stands in a golden answer for a value that changes from run to run.
const anyValue = "<any>"

// volatile are the fields that have another value in every run, wherever they stand.
var volatile = map[string]bool{"request_id": true, "version": true}

// Handle is the handler of an HTTP function.
type Handle func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Samples sends every sample event of events/folder and compares the answers with the golden ones beside them. With UPDATE_GOLDEN=1 it writes
// those instead, and keeps the values that were marked as <any>. seen is told each request with its answer.
func Samples(t *testing.T, folder string, handle Handle, seen func(events.APIGatewayV2HTTPRequest, events.APIGatewayV2HTTPResponse)) {
	t.Helper()
	Invocations(t, folder, func(ctx context.Context, raw json.RawMessage) (any, error) {
		var request events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(raw, &request); err != nil {
			return nil, fmt.Errorf("decode request: %w", err)
		}
		response, err := handle(ctx, request)
		if err == nil {
			seen(request, response)
		}
		return response, err
	})
}

// Invocations is Samples for a function that takes any event. The golden answer to what it fails of is what Lambda makes of an error. A request
// comes twice more: as it does through a custom domain with a base path, and in a stage with a name. Its answer is the same.
func Invocations(t *testing.T, folder string, handle func(context.Context, json.RawMessage) (any, error)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Root(t), "events", folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no sample events in events/%s: %v", folder, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			event := read(t, file)
			for _, sent := range append([][]byte{event}, elsewhere(t, event)...) {
				answer, err := handle(t.Context(), sent)
				if err != nil {
					answer = map[string]string{"errorMessage": err.Error(), "errorType": reflect.Indirect(reflect.ValueOf(err)).Type().Name()}
				}
				text, err := json.Marshal(answer)
				if err != nil {
					t.Fatal(err)
				}
				Golden(t, strings.TrimSuffix(file, ".json")+".golden.json", text)
			}
		})
	}
}

// elsewhere is a request behind the base path of a custom domain, and in a stage. What is no request of a route comes from nowhere else.
func elsewhere(t testing.TB, event []byte) (variants [][]byte) {
	t.Helper()
	for prefix, stage := range map[string]string{"/shop/api": "$default", "/prod": "prod"} {
		request, isObject := decode(t, event).(map[string]any)
		key, _ := request["routeKey"].(string)
		if !isObject || !strings.Contains(key, " ") {
			return nil
		}
		context := request["requestContext"].(map[string]any)
		http := context["http"].(map[string]any)
		request["rawPath"] = prefix + request["rawPath"].(string)
		http["path"], context["stage"] = request["rawPath"], stage
		if body, isOpened := request["body"].(map[string]any); isOpened {
			request["body"] = string(indented(t, body))
		}
		variants = append(variants, indented(t, request))
	}
	return variants
}

// Golden compares JSON with a golden file; with UPDATE_GOLDEN=1 it writes the file. Texts that hold JSON are compared as what they hold.
func Golden(t testing.TB, file string, answer []byte) {
	t.Helper()
	var before any
	if old, err := os.ReadFile(file); err == nil {
		before = decode(t, old)
	}
	got := indented(t, masked(before, decode(t, answer)))
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := read(t, file); !bytes.Equal(got, indented(t, decode(t, want))) {
		t.Errorf("the answer is not that of %s (UPDATE_GOLDEN=1 rewrites it):\n%s\nwant\n%s", filepath.Base(file), got, want)
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes golden files)", err)
	}
	return text
}

func decode(t testing.TB, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("decode %.200s: %v", text, err)
	}
	return opened(value)
}

// opened replaces texts that hold a JSON object, such as the body of an answer, by the object.
func opened(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			value[name] = opened(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = opened(inner)
		}
	case string:
		var inner any
		decoder := json.NewDecoder(strings.NewReader(value))
		decoder.UseNumber()
		if strings.HasPrefix(value, "{") && decoder.Decode(&inner) == nil {
			return opened(inner)
		}
	}
	return value
}

// masked puts <any> where it stood before and in place of volatile values.
func masked(before, value any) any {
	if before == anyValue {
		return anyValue
	}
	switch value := value.(type) {
	case map[string]any:
		old, _ := before.(map[string]any)
		for name, inner := range value {
			value[name] = masked(old[name], inner)
			if volatile[name] {
				value[name] = anyValue
			}
		}
	case []any:
		old, _ := before.([]any)
		for i, inner := range value {
			var earlier any
			if i < len(old) {
				earlier = old[i]
			}
			value[i] = masked(earlier, inner)
		}
	}
	return value
}

func indented(t testing.TB, value any) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
