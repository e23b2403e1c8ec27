package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"waymark/infra/client"
)

// export makes the export of the data set's whole period, and copies what the workspace has to the folder: the system may be in memory and
// gone when the demo ends.
func (c Config) export(ctx context.Context, set imported) error {
	d := set.dataset
	if err := set.api.Export(ctx, client.Order{Grain: "month", From: d.from, To: d.to}, nil); err != nil {
		return err
	}
	var list struct{ Exports []client.Export }
	if err := set.api.get(ctx, "/v1/exports", &list); err != nil {
		return err
	}
	if len(list.Exports) == 0 {
		return fmt.Errorf("the system lists no export after POST /v1/exports")
	}
	for _, e := range list.Exports {
		fmt.Fprintf(c.Out, "export %s\n", e.Name)
		names := []string{e.Name}
		for _, file := range e.Files {
			names = append(names, file.Name)
		}
		for _, name := range names {
			if err := c.copyExport(ctx, set, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyExport fetches a manifest or a file of an export into the folder.
func (c Config) copyExport(ctx context.Context, set imported, name string) error {
	text, err := set.api.Bytes(ctx, http.MethodGet, "/v1/exports/"+url.PathEscape(name), nil)
	if err != nil {
		return err
	}
	path := filepath.Join(c.Folder, set.dataset.workspace, fileName(name, text))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "  %s (%d bytes)\n", path, len(text))
	return nil
}

// fileName keeps a name of the system inside the folder, and gives it an ending if it has none.
func fileName(name string, content []byte) string {
	safe := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:`, r) {
			return '_'
		}
		return r
	}, name)
	safe = strings.TrimLeft(safe, ".")
	if filepath.Ext(safe) != "" {
		return safe
	}
	if json.Valid(content) {
		return safe + ".json"
	}
	return safe + ".csv"
}
