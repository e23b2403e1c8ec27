package query

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/report"
)

// Files beyond maxFileBytes do not fit into an answer of Lambda; they are fetched from the bucket by an address that holds for a while.
const (
	maxFileBytes = 4 << 20
	linkLives    = 15 * time.Minute
)

type exportsAnswer struct {
	Exports []report.Manifest `json:"exports"`
	Next    *string           `json:"next"`
}

// exports answers GET /v1/exports: manifests in the reverse order of their names, so the newest of each schedule first. The cursor is the last
// name of the page before.
func (h *Handler) exports(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	limit, err := q.limit()
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	keys, err := h.Files.List(ctx, report.Prefix(q.workspace.Name))
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("list exports: %w", err)
	}
	answer := exportsAnswer{Exports: []report.Manifest{}}
	before := q.Query.Get("cursor")
	for _, name := range newestFirst(q.workspace.Name, keys) {
		if before != "" && name >= before {
			continue
		}
		if len(answer.Exports) == limit {
			answer.Next = cursor(answer.Exports[limit-1].Name)
			break
		}
		m, err := h.manifest(ctx, q.workspace.Name, name)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		answer.Exports = append(answer.Exports, m)
	}
	return httpapi.JSON(http.StatusOK, answer), nil
}

func newestFirst(ws string, keys []string) []string {
	var names []string
	for _, key := range keys {
		if name, ok := report.NameOf(ws, key); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names
}

const maxExportNameBytes = 200

// isExportName knows the form of names of exports and their files. None leads to another folder of the bucket.
func isExportName(name string) bool {
	isWord := func(c rune) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
	isOther := func(c rune) bool { return !isWord(c) && !strings.ContainsRune("._+-", c) }
	return name != "" && len(name) <= maxExportNameBytes && isWord(rune(name[0])) && !strings.ContainsFunc(name, isOther)
}

// export answers GET /v1/exports/{name}: the manifest, or with an ending such as .csv the file itself.
func (h *Handler) export(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	unknown := fault.New(fault.NotFound, "no_export", "there is no such export; GET /v1/exports lists them")
	if !isExportName(q.name) {
		return events.APIGatewayV2HTTPResponse{}, unknown
	}
	ending := path.Ext(q.name)
	m, err := h.manifest(ctx, q.workspace.Name, strings.TrimSuffix(q.name, ending))
	if ending == "" || fault.KindOf(err) == fault.NotFound {
		m, err = h.manifest(ctx, q.workspace.Name, q.name)
	}
	if fault.KindOf(err) == fault.NotFound {
		return events.APIGatewayV2HTTPResponse{}, unknown
	}
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	if m.Name == q.name {
		return httpapi.JSON(http.StatusOK, m), nil
	}
	for _, file := range m.Files {
		if file.Name == q.name {
			return h.file(ctx, q.workspace.Name, file)
		}
	}
	return events.APIGatewayV2HTTPResponse{}, unknown
}

func (h *Handler) manifest(ctx context.Context, ws, name string) (report.Manifest, error) {
	text, err := h.Files.Get(ctx, report.ManifestKey(ws, name))
	if err != nil {
		return report.Manifest{}, fmt.Errorf("read manifest of %s: %w", name, err)
	}
	var m report.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return report.Manifest{}, fmt.Errorf("decode manifest of %s: %w", name, err)
	}
	return m, nil
}

// contentTypes of files by their ending.
var contentTypes = map[string]string{".csv": "text/csv; charset=utf-8"}

// file answers a file's bytes, which must be those that the manifest vouches for.
func (h *Handler) file(ctx context.Context, ws string, f report.File) (events.APIGatewayV2HTTPResponse, error) {
	key := report.FileKey(ws, f.Name)
	if f.Bytes > maxFileBytes {
		address, err := h.Files.PresignGet(ctx, key, f.Name, linkLives)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("make address of %s: %w", f.Name, err)
		}
		return httpapi.SeeOther(address), nil
	}
	body, err := h.Files.Get(ctx, key)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read %s: %w", f.Name, err)
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != f.SHA256 {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("the file %s is not the one that its manifest describes", f.Name)
	}
	contentType := contentTypes[path.Ext(f.Name)]
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	return httpapi.File(contentType, f.Name, body), nil
}
