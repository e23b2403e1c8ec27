package steps_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"waymark/shared/adapter/adaptertest"
	"waymark/shared/adapter/steps"
	"waymark/shared/domain/fault"
)

// objects is a bucket as simple as can be, which a test can damage.
type objects map[string][]byte

func (o objects) Put(_ context.Context, key, _ string, body []byte) error {
	o[key] = bytes.Clone(body)
	return nil
}

func (o objects) Open(_ context.Context, key string) (io.ReadCloser, error) {
	body, found := o[key]
	if !found {
		return nil, fault.New(fault.NotFound, "no_such_object", "there is none")
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (o objects) Keys(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range o.keys() {
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
				return
			}
		}
	}
}

func (o objects) Delete(_ context.Context, key string) error {
	delete(o, key)
	return nil
}

func (o objects) clone() objects { return maps.Clone(o) }

func (o objects) keys() []string {
	var keys []string
	for key := range o {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	adaptertest.Steps(t, func(*testing.T) adaptertest.StepsUnderTest {
		return steps.NewWithin(objects{}, steps.Limits{PartRows: 3, Chains: 3})
	})
}

// TestColumns: the schema in template.yaml and the columns in docs/steps.md are those of the objects.
func TestColumns(t *testing.T) {
	t.Parallel()
	o := objects{}
	must(t, steps.New(o).PutSteps(t.Context(), "shop", 1, day(rand.New(rand.NewPCG(1, 1)), 1)))
	file, err := parquet.OpenFile(bytes.NewReader(o[runKey]), int64(len(o[runKey])))
	must(t, err)
	glue := map[string]string{
		"STRING": "string", "INT(64,true)": "bigint", "INT(32,true)": "int", "BOOLEAN": "boolean", "DECIMAL(18,6)": "decimal(18,6)",
		"TIMESTAMP(isAdjustedToUTC=true,unit=MILLIS)": "timestamp",
	}
	var columns, names []string
	for _, field := range file.Schema().Fields() {
		names = append(names, field.Name())
		columns = append(columns, field.Name()+" "+glue[field.Type().String()])
	}
	template, err := os.ReadFile("../../../template.yaml")
	must(t, err)
	var described []string
	for _, m := range regexp.MustCompile(`(?m)^            - \{Name: (\w+), Type: "?([^"}]+)"?\}$`).FindAllStringSubmatch(string(template), -1) {
		described = append(described, m[1]+" "+m[2])
	}
	if !slices.Equal(described, columns) {
		t.Errorf("template.yaml has the columns\n%q, objects have\n%q", described, columns)
	}
	page, err := os.ReadFile(docsPath)
	must(t, err)
	_, listed, _ := strings.Cut(string(page), "## Columns")
	listed, _, _ = strings.Cut(listed, "\n## ")
	var documented []string
	for _, line := range regexp.MustCompile("(?m)^\\| `[^|]*\\|").FindAllString(listed, -1) {
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(line, -1) {
			documented = append(documented, m[1])
		}
	}
	names = append([]string{"workspace", "day"}, names...)
	if slices.Sort(names); !slices.Equal(slices.Sorted(slices.Values(documented)), names) {
		t.Errorf("docs/steps.md has the columns\n%q, objects have\n%q", documented, names)
	}
}
