package ready_test

import (
	"bytes"
	"testing"

	"waymark/infra/importer"
	"waymark/infra/importer/ready"
)

// FuzzReady: no file panics a ready mapping or the recognition; rows have one fate each, and mapping again gives the same events.
func FuzzReady(f *testing.F) {
	list, err := ready.List()
	if err != nil {
		f.Fatal(err)
	}
	var mappings []*importer.Mapping
	for i, r := range list {
		m, err := r.Mapping(given[r.Name])
		if err != nil {
			f.Fatal(err)
		}
		mappings = append(mappings, m)
		f.Add(byte(i), sampleOf(f, r.Name))
	}
	f.Fuzz(func(t *testing.T, which byte, content []byte) {
		_, _, _ = ready.Recognise(content) // that it comes back is all
		m := mappings[int(which)%len(mappings)]
		var runs [2][]byte
		for i := range runs {
			summary := importer.NewSummary(m, "f")
			err := m.Map("f", bytes.NewReader(content), now, &summary, func(e importer.Event) error {
				runs[i] = append(append(runs[i], e.JSON...), '\n')
				return nil
			})
			rows := summary.Rows
			if err == nil && (rows.Read != rows.Used+rows.Skipped+rows.Rejected || rows.Used < 0) {
				t.Errorf("rows %+v do not add up", rows)
			}
		}
		if !bytes.Equal(runs[0], runs[1]) {
			t.Errorf("mapping twice gave\n%s\nand\n%s", runs[0], runs[1])
		}
	})
}
