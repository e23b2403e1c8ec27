package importer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"waymark/infra/importer"
)

// FuzzParseMapping: no mapping text panics, and what is accepted maps any file without panic.
func FuzzParseMapping(f *testing.F) {
	files, err := filepath.Glob("testdata/kinds/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := importer.ParseMapping("m", text)
		if err != nil {
			return
		}
		summary := importer.NewSummary(m, "f")
		_ = m.Map("f", bytes.NewReader([]byte("a,b\n1,2\n")), now, &summary, func(importer.Event) error { return nil }) // misfits are fine
	})
}

// FuzzMap: no file panics any reader, every row has exactly one fate, and mapping again gives the same events.
func FuzzMap(f *testing.F) {
	kinds := map[byte]string{0: "till", 1: "service", 2: "orders", 3: "access"}
	mappings := map[byte]*importer.Mapping{}
	for kind, name := range kinds {
		text, err := os.ReadFile("testdata/kinds/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		if mappings[kind], err = importer.ParseMapping(name, text); err != nil {
			f.Fatal(err)
		}
		content, err := os.ReadFile("testdata/kinds/" + map[byte]string{0: "till.csv", 1: "service.ndjson", 2: "orders.csv", 3: "access.log"}[kind])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kind, content)
	}
	f.Fuzz(func(t *testing.T, kind byte, content []byte) {
		m := mappings[kind%4]
		var runs [2][]byte
		for i := range runs {
			summary := importer.NewSummary(m, "f")
			err := m.Map("f", bytes.NewReader(content), now, &summary, func(e importer.Event) error {
				runs[i] = append(append(runs[i], e.JSON...), '\n')
				return nil
			})
			rows := summary.Rows
			if err == nil && rows.Read != rows.Used+rows.Skipped+rows.Rejected {
				t.Errorf("rows %+v do not add up", rows)
			}
		}
		if !bytes.Equal(runs[0], runs[1]) {
			t.Errorf("mapping twice gave\n%s\nand\n%s", runs[0], runs[1])
		}
	})
}
