package importer_test

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
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestKinds maps one file of each kind; events and summary are golden files.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"till.csv", "service.ndjson", "orders.csv", "access.log"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			base := strings.TrimSuffix(file, filepath.Ext(file))
			content, err := os.ReadFile(filepath.Join("testdata/kinds", file))
			if err != nil {
				t.Fatal(err)
			}
			mapping := parse(t, filepath.Join("testdata/kinds", base+".yaml"))
			got := mapAll(t, mapping, file, content)
			golden := filepath.Join("testdata/kinds", base+".golden.ndjson")
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
				t.Errorf("Map(%s) =\n%s\nwant\n%s", file, got, want)
			}
			if packed := mapAll(t, mapping, file, gzipped(t, content)); !bytes.Equal(packed, want) {
				t.Errorf("Map(%s, gzip) differs from the plain file:\n%s", file, packed)
			}
		})
	}
}

// TestSameRowsSameIDs: other order, other file name, other line ends make the same messageIds, and another version makes others.
func TestSameRowsSameIDs(t *testing.T) {
	t.Parallel()
	text := readText(t, "testdata/kinds/till.yaml")
	rows := strings.Split(strings.TrimSpace(string(readText(t, "testdata/kinds/till.csv"))), "\n")
	forward := ids(t, text, strings.Join(rows[:3], "\n"))
	backward := ids(t, text, rows[0]+"\r\n"+rows[2]+"\r\n"+rows[1]+"\r\n")
	if len(forward) != 2 || forward[0] != backward[1] || forward[1] != backward[0] {
		t.Errorf("ids forward %v, backward %v; want the same two", forward, backward)
	}
	later := ids(t, bytes.Replace(text, []byte("version: 2"), []byte("version: 3"), 1), strings.Join(rows[:3], "\n"))
	if later[0] == forward[0] {
		t.Errorf("version 3 makes the id %s of version 2", later[0])
	}
}

// TestRepeats: equal rows are one event, unless the mapping says that they are distinct.
func TestRepeats(t *testing.T) {
	t.Parallel()
	const mapping = "name: m\nversion: 1\ntime: {column: t, layouts: [rfc3339]}\nidentifiers: {user: u}\nevents: [{event: E, repeats: MODE}]\n"
	const file = "t,u\n2026-01-01T00:00:00Z,a\n2026-01-01T00:00:00Z,a\n2026-01-01T00:00:00Z,a\n"
	for mode, want := range map[string]int{"drop": 1, "distinct": 3} {
		got := ids(t, []byte(strings.Replace(mapping, "MODE", mode, 1)), file)
		different := map[string]bool{}
		for _, id := range got {
			different[id] = true
		}
		if len(got) != want || len(different) != want {
			t.Errorf("repeats: %s gives %v, want %d different ids", mode, got, want)
		}
	}
}

func TestGroupCap(t *testing.T) {
	t.Parallel()
	mapping, err := importer.ParseMapping("m", []byte("name: m\nversion: 1\ntime: {column: t, layouts: [rfc3339]}\nidentifiers: {user: u}\nevents: [{event: E, group_by: u}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	file := "t,u\n" + strings.Repeat("2026-01-01T00:00:00Z,a\n", 4)
	for limit, want := range map[int]string{
		4: "",
		3: `group rows of "E": more than 3 rows; split the file so that no group is cut`,
	} {
		got := ""
		if err := importer.MapGrouped(mapping, strings.NewReader(file), limit); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("Map with a limit of %d = %q, want %q", limit, got, want)
		}
	}
}

func parse(t *testing.T, file string) *importer.Mapping {
	t.Helper()
	mapping, err := importer.ParseMapping(filepath.Base(file), readText(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return mapping
}

func readText(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mapAll(t *testing.T, mapping *importer.Mapping, file string, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	summary := importer.NewSummary(mapping, file)
	if err := mapping.Map(file, bytes.NewReader(content), now, &summary, func(e importer.Event) error {
		out.Write(e.JSON)
		return out.WriteByte('\n')
	}); err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(&out).Encode(summary); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func ids(t *testing.T, mapping []byte, file string) []string {
	t.Helper()
	m, err := importer.ParseMapping("m", mapping)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	summary := importer.NewSummary(m, "f")
	if err := m.Map("f", strings.NewReader(file), now, &summary, func(e importer.Event) error {
		var sent struct{ MessageID string }
		if err := json.Unmarshal(e.JSON, &sent); err != nil {
			return err
		}
		list = append(list, sent.MessageID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDocs maps the till's file with the mapping that docs/import.md shows.
func TestDocs(t *testing.T) {
	t.Parallel()
	_, after, _ := strings.Cut(string(readText(t, "../../docs/import.md")), "```yaml\n")
	text, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("docs/import.md shows no mapping")
	}
	if got := ids(t, []byte(text), string(readText(t, "testdata/kinds/till.csv"))); len(got) != 2 {
		t.Errorf("the documented mapping makes %d events of till.csv, want 2", len(got))
	}
}
