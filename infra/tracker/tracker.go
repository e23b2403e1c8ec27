// Package tracker bundles the TypeScript of functions/collect/tracker into the scripts that Collect serves and the npm package contains. It is
// no part of any function: what it makes is committed, and its test says when that is not what the sources come to.
//
//	UPDATE_GOLDEN=1 go test ./infra/tracker   # or make tracker
package tracker

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/evanw/esbuild/pkg/api"
)

// target is the oldest JavaScript that the scripts run on: Chrome 85, Firefox 79, Safari 14.
const target = api.ES2021

// scripts are the files of a release, and the sources they begin with.
var scripts = map[string]string{"wm.js": "wm.ts", "wm.full.js": "full.ts", "analytics.min.js": "analytics.ts"}

// Release is one version of the tracker.
type Release struct {
	Name    string            // its version and a hash of its scripts, as in 1.0.0-0123456789: the folder that it is served from
	Version string            // as npm/package.json says
	Scripts map[string][]byte // by file name
	Module  []byte            // index.js of the npm package
}

// Bundle makes a release of the sources in a folder, which is functions/collect/tracker.
func Bundle(folder string) (Release, error) {
	version, err := versionOf(folder)
	if err != nil {
		return Release{}, err
	}
	r := Release{Version: version, Scripts: map[string][]byte{}}
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		r.Scripts[name], err = bundle(folder, scripts[name], version, api.FormatIIFE)
		if err != nil {
			return Release{}, err
		}
		hash.Write(r.Scripts[name])
	}
	r.Name = version + "-" + hex.EncodeToString(hash.Sum(nil)[:5])
	r.Module, err = bundle(folder, "npm.ts", version, api.FormatESModule)
	return r, err
}

func versionOf(folder string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(folder, "npm", "package.json"))
	if err != nil {
		return "", err
	}
	var about struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(raw, &about); err != nil {
		return "", fmt.Errorf("read npm/package.json: %w", err)
	}
	return about.Version, nil
}

func bundle(folder, source, version string, format api.Format) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(folder, "src", source)}, Bundle: true, Format: format, Target: target,
		MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true,
		Define: map[string]string{"VERSION": fmt.Sprintf("%q", version)},
	})
	var faults []error
	for _, m := range result.Errors {
		faults = append(faults, errors.New(m.Text))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("bundle %s: %w", source, err)
	}
	return result.OutputFiles[0].Contents, nil
}

// Packed is how many bytes a script has on the way, packed as well as gzip can.
func Packed(script []byte) int {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, _ = w.Write(script)
	_ = w.Close()
	return packed.Len()
}
