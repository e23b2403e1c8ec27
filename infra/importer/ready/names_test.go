package ready_test

import (
	"maps"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/protocol"
)

// TestGA4Names: what comes by the Measurement Protocol and what comes from the export of the same property have the same names.
func TestGA4Names(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("ga4/mapping.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var mapping struct {
		Events []struct {
			Name  string
			Event any
		}
	}
	if err := yaml.Unmarshal(raw, &mapping); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, e := range mapping.Events {
		if column, ok := e.Event.(map[string]any); ok {
			for google, ours := range column["map"].(map[string]any) {
				names[google] = ours.(string)
			}
		}
	}
	if got := protocol.ShopNames(); len(got) < 16 || !maps.Equal(got, names) {
		t.Errorf("the protocol has the names %v, the mapping of the importer %v", got, names)
	}
}
