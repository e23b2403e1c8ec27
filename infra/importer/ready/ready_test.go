package ready_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waymark/infra/importer"
	"waymark/infra/importer/ready"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// given are the values that a mapping without a default needs.
var given = map[string]map[string]string{"access-log": {"site": "https://shop.example"}}

// TestSamples maps the sample of each ready mapping: nothing is rejected, the events and the summary are golden, and --as auto knows the file.
func TestSamples(t *testing.T) {
	t.Parallel()
	list, err := ready.List()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 15 {
		t.Fatalf("%d ready mappings, want at least 15", len(list))
	}
	for _, r := range list {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			sample := sampleOf(t, r.Name)
			got, summary := mapSample(t, r, sample)
			golden := filepath.Join(r.Name, "golden.ndjson")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("events of %s =\n%s\nwant\n%s", r.Name, got, want)
			}
			if summary.Rows.Rejected != 0 || summary.Events.Mapped == 0 || len(summary.Warnings) != 0 {
				t.Errorf("summary = %+v, want no rejects and no warnings", summary)
			}
			found, why, err := ready.Recognise(sample)
			if err != nil || found.Name != r.Name || why == "" {
				t.Errorf("Recognise = %q, %q, %v; want %s", found.Name, why, err, r.Name)
			}
		})
	}
}

func sampleOf(t testing.TB, name string) []byte {
	t.Helper()
	samples, err := filepath.Glob(filepath.Join(name, "sample.*"))
	if err != nil || len(samples) != 1 {
		t.Fatalf("samples of %s: %v, %v; want one", name, samples, err)
	}
	text, err := os.ReadFile(samples[0])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mapSample(t *testing.T, r ready.Ready, sample []byte) ([]byte, importer.Summary) {
	t.Helper()
	mapping, err := r.Mapping(given[r.Name])
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	summary := importer.NewSummary(mapping, "sample")
	if err := mapping.Map("sample", bytes.NewReader(sample), now, &summary, func(e importer.Event) error {
		out.Write(e.JSON)
		return out.WriteByte('\n')
	}); err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(&out).Encode(summary); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), summary
}

// TestMappingsNameTheirSource: each mapping says in its comments where the vendor describes the file, and fits a terminal in the list.
func TestMappingsNameTheirSource(t *testing.T) {
	t.Parallel()
	list, err := ready.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		comments, _, _ := strings.Cut(r.Text(), "\nname: "+r.Name+"\n")
		if !strings.HasPrefix(comments, "# ") || !strings.Contains(comments, "https://") || comments == r.Text() {
			t.Errorf("%s: the comments above the name do not give the address of the vendor's document", r.Name)
		}
	}
	for line := range strings.SplitSeq(ready.Table(list), "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("the line %q of the list has %d characters", line, n)
		}
	}
}

// TestRecogniseHeads: a file is recognised by its beginning alone, packed or not, and in lines as well as in an array.
func TestRecogniseHeads(t *testing.T) {
	t.Parallel()
	list, err := ready.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		sample := sampleOf(t, r.Name)
		for name, head := range map[string][]byte{
			"packed":    packed(t, sample),
			"half":      sample[:len(sample)*2/3],
			"with mark": append([]byte("\uFEFF"), sample...),
			"in CR":     bytes.ReplaceAll(sample, []byte("\n"), []byte("\r")),
		} {
			if found, _, err := ready.Recognise(head); err != nil || found.Name != r.Name {
				t.Errorf("%s, %s: Recognise = %q, %v", r.Name, name, found.Name, err)
			}
		}
	}
	klaviyo := sampleOf(t, "klaviyo-events")
	if found, _, err := ready.Recognise(klaviyo[:len(klaviyo)/3]); err != nil || found.Name != "klaviyo-events" {
		t.Errorf("a part of the first page: Recognise = %q, %v", found.Name, err)
	}
	charge := []byte(`{"object":"charge","id":"ch_1","amount_captured":1,"billing_details":{},"payment_intent":null,"receipt_email":null}` + "\n")
	if found, _, err := ready.Recognise(bytes.Repeat(charge, 5)); err != nil || found.Name != "stripe-charges" {
		t.Errorf("charges in lines: Recognise = %q, %v", found.Name, err)
	}
	for name, file := range map[string]string{
		"nothing": "", "a header of no shop": "a,b\n1,2\n", "an object of nobody": "{}\n", "an array of nobody": "[{}]", "words": "hello\nworld\n", "zeros": "\x00\x00",
	} {
		if found, _, err := ready.Recognise([]byte(file)); err == nil {
			t.Errorf("%s: Recognise = %q, want a refusal", name, found.Name)
		}
	}
}

func packed(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
