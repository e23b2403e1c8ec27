package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// checkExports holds every manifest to its files, no two revisions of an export to the same content, and the newest to what the windows say now.
func (w *World) checkExports() string {
	for _, t := range w.tenants {
		keys, err := w.exports.List(background, report.Prefix(t.Name))
		if err != nil {
			return err.Error()
		}
		newest, seen := map[string]report.Manifest{}, map[string]string{}
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
			if other := seen[series+m.Files[0].SHA256]; other != "" {
				return fmt.Sprintf("%s and %s of %s hold the same", other, name, t.Name)
			}
			seen[series+m.Files[0].SHA256] = name
			if m.Revision > newest[series].Revision {
				newest[series] = m
			}
		}
		for _, m := range newest {
			if !hasWindow(t, m) {
				continue // of a week that began on another day
			}
			want, err := system.CSV(background, w.table, w.newest().definitions, t, m.Name)
			if m.TimeZone != t.Zone && (isOfNothing(want) || !w.isOver(t, m)) {
				continue // nobody counted in it when the zone was changed, or its day is not over in the new one
			}
			if err != nil || sum(want) != m.Files[0].SHA256 {
				return fmt.Sprintf("the newest export %s of %s does not say what its windows do: %v", m.Name, t.Name, err)
			}
		}
	}
	return ""
}

// hasWindow says whether the workspace's calendar has the window that an export is of.
func hasWindow(t workspace.Workspace, m report.Manifest) bool {
	calendar, err := t.Calendar()
	if err != nil {
		return true
	}
	_, err = calendar.ByKey(m.Grain, keyOf(m))
	return m.Grain != period.Week || err == nil
}

// keyOf is the key of the window that an export is of.
func keyOf(m report.Manifest) string {
	return strings.TrimSuffix(strings.TrimPrefix(m.Name, m.Schedule+"-"), fmt.Sprint("-r", m.Revision))
}

// isOver says whether the window that an export is of is over in the workspace's zone.
func (w *World) isOver(t workspace.Workspace, m report.Manifest) bool {
	calendar, err := t.Calendar()
	if err != nil {
		return true
	}
	window, err := calendar.ByKey(m.Grain, keyOf(m))
	return err != nil || window.Closed(w.now)
}

// isOfNothing says whether every row of a file rests on nothing.
func isOfNothing(file []byte) bool {
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil || len(rows) == 0 {
		return false
	}
	n := slices.Index(rows[0], "n")
	return !slices.ContainsFunc(rows[1:], func(row []string) bool { return row[n] != "0" })
}

// checkNotes: once every schedule was fired, no note of a change is left whose window is over.
func (w *World) checkNotes(t workspace.Workspace) string {
	calendar, err := t.Calendar()
	if err != nil {
		return err.Error()
	}
	for grain := range system.Schedules {
		notes, err := w.table.Restated(background, t.Namespace(), grain)
		if err != nil {
			return err.Error()
		}
		for _, n := range notes {
			if window, err := calendar.ByKey(grain, n.Key); err != nil || window.Closed(w.now) {
				return fmt.Sprintf("a note of %s %s of %s is left (%v)", grain, n.Key, t.Name, err)
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
