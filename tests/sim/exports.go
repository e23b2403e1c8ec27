package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"waymark/functions/export"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// contents says which windows the exports of a schedule hold, its own first.
var contents = map[string][]period.Grain{
	"daily": {period.Day, period.Hour}, "weekly": {period.Week, period.Day}, "monthly": {period.Month, period.Day},
}

// checkExports holds every manifest to its files, and the newest revision of every export to what the windows say now.
func (w *World) checkExports() string {
	for _, t := range tenants {
		keys, err := w.exports.List(background, report.Prefix(t.Name))
		if err != nil {
			return err.Error()
		}
		newest := map[string]report.Manifest{}
		for _, key := range keys {
			name, isManifest := report.NameOf(t.Name, key)
			if !isManifest {
				continue
			}
			m, problem := w.manifest(t, name)
			if problem != "" {
				return problem
			}
			series, _, _ := strings.Cut(name, "-r")
			if m.Revision > newest[series].Revision {
				newest[series] = m
			}
		}
		for _, m := range newest {
			if problem := w.checkNewest(t, m); problem != "" {
				return problem
			}
		}
	}
	return ""
}

func (w *World) manifest(t workspace.Workspace, name string) (m report.Manifest, problem string) {
	text, err := w.exports.Get(background, report.ManifestKey(t.Name, name))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return m, err.Error()
	}
	for _, file := range m.Files {
		body, err := w.exports.Get(background, report.FileKey(t.Name, file.Name))
		if err != nil || sum(body) != file.SHA256 {
			return m, fmt.Sprintf("the file %s of %s is not the one of its manifest: %v", file.Name, t.Name, err)
		}
	}
	return m, ""
}

func sum(body []byte) string {
	digest := sha256.Sum256(body)
	return hex.EncodeToString(digest[:])
}

// checkNewest writes the file of an export from the windows as they are stored, which were compared with the oracle before.
func (w *World) checkNewest(t workspace.Workspace, m report.Manifest) string {
	calendar, err := t.Calendar()
	if err != nil {
		return err.Error()
	}
	schedule, rest, _ := strings.Cut(m.Name, "-")
	key, _, _ := strings.Cut(rest, "-r")
	whole, err := calendar.ByKey(contents[schedule][0], key)
	if err != nil {
		return fmt.Sprintf("export %s: %v", m.Name, err)
	}
	var windows []kpi.Window
	for _, grain := range contents[schedule] {
		spans := calendar.Between(grain, whole.Start, whole.End)
		found, err := w.table.Windows(background, t.Space(), grain, spans[0].Key, spans[len(spans)-1].Key)
		if err != nil {
			return err.Error()
		}
		windows = append(windows, found...)
	}
	var file bytes.Buffer
	if _, err := export.WriteCSV(&file, report.Lines(t, calendar, windows)); err != nil {
		return err.Error()
	}
	if sum(file.Bytes()) != m.Files[0].SHA256 {
		return fmt.Sprintf("the newest export %s of %s does not say what its windows do", m.Name, t.Name)
	}
	return ""
}
