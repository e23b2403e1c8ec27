// Package golden compares what a function answered with the answer that stands beside its sample event. It serves `sam
// local invoke`, `waymark invoke` and tests alike, so that one file holds for all three. It knows no function: what may
// differ from run to run is named by field, or marked in the golden file itself.
//
// Rules of the comparison:
//   - Order of keys and white space do not count; numbers are compared as they are written.
//   - A string that holds a JSON object or list, as the body of an HTTP answer does, is compared as that object or list.
//   - The value of a volatile field (see Volatile) must be there and is not looked at.
//   - "<any>" in the golden file stands for any value.
//
// An example:
//
//	differences, err := golden.Compare(want, got) // "body.success: got false, want true"
package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Any stands in a golden file for a value that changes from run to run.
const Any = "<any>"

// Volatile tells whether a field has another value in every run: ids of requests, the time of day, the build.
func Volatile(field string) bool {
	switch strings.ToLower(field) {
	case "request_id", "x-request-id", "computed_at", "generated_at", "received_at", "created_at", "date", "version":
		return true
	}
	return false
}

// Compare lists the differences between a golden file and an answer, in the order of their paths; none means equal. It
// is an error if either is not one JSON value.
func Compare(want, got []byte) ([]string, error) {
	wanted, err := decode(want)
	if err != nil {
		return nil, fmt.Errorf("decode golden file: %w", err)
	}
	answered, err := decode(got)
	if err != nil {
		return nil, fmt.Errorf("decode answer %s: %w", shorten(got), err)
	}
	return differences("", wanted, answered), nil
}

// Rewrite makes the golden file of an answer: indented, volatile values and those that old marks replaced by Any. Old
// may be empty.
func Rewrite(old, answer []byte) ([]byte, error) {
	value, err := decode(answer)
	if err != nil {
		return nil, fmt.Errorf("decode answer %s: %w", shorten(answer), err)
	}
	var before any
	if len(old) > 0 {
		if before, err = decode(old); err != nil {
			return nil, fmt.Errorf("decode golden file: %w", err)
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(mask(before, value)); err != nil {
		return nil, fmt.Errorf("encode golden file: %w", err)
	}
	return out.Bytes(), nil
}

// decode reads exactly one JSON value and opens the strings that hold JSON themselves.
func decode(src []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("parse JSON: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("parse JSON: more than one value")
	}
	return open(value), nil
}

func open(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = open(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = open(inner)
		}
	case string:
		if !strings.HasPrefix(value, "{") && !strings.HasPrefix(value, "[") {
			return value
		}
		if inner, err := decode([]byte(value)); err == nil {
			return inner
		}
	}
	return value
}

func differences(path string, want, got any) []string {
	if want == Any {
		return nil
	}
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return fieldDifferences(path, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok {
			return itemDifferences(path, want, got)
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: got %s, want %s", orRoot(path), text(got), text(want))}
}

func fieldDifferences(path string, want, got map[string]any) []string {
	all := maps.Clone(want)
	maps.Copy(all, got)
	var found []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		wanted, isWanted := want[key]
		answered, isAnswered := got[key]
		switch {
		case !isAnswered:
			found = append(found, fmt.Sprintf("%s: got nothing, want %s", at, text(wanted)))
		case !isWanted:
			found = append(found, fmt.Sprintf("%s: got %s, want nothing", at, text(answered)))
		case !Volatile(key):
			found = append(found, differences(at, wanted, answered)...)
		}
	}
	return found
}

func itemDifferences(path string, want, got []any) []string {
	if len(want) != len(got) {
		return []string{fmt.Sprintf("%s: got %d items, want %d: %s", orRoot(path), len(got), len(want), text(got))}
	}
	var found []string
	for i := range want {
		found = append(found, differences(fmt.Sprintf("%s[%d]", path, i), want[i], got[i])...)
	}
	return found
}

func mask(old, value any) any {
	if old == Any {
		return Any
	}
	switch value := value.(type) {
	case map[string]any:
		before, _ := old.(map[string]any)
		for key, inner := range value {
			value[key] = mask(before[key], inner)
			if Volatile(key) {
				value[key] = Any
			}
		}
	case []any:
		before, _ := old.([]any)
		for i, inner := range value {
			var earlier any
			if i < len(before) {
				earlier = before[i]
			}
			value[i] = mask(earlier, inner)
		}
	}
	return value
}

func orRoot(path string) string {
	if path == "" {
		return "answer"
	}
	return path
}

func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return shorten(encoded)
}

func shorten(src []byte) string {
	const limit = 200
	if len(src) <= limit {
		return string(src)
	}
	return string(src[:limit]) + "…"
}
