package main

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"waymark/shared/domain/workspace"
)

const snippetUsage = `waymark snippet [--full] [--newest] [--script kit]

Prints the script tag that puts the tracker into web pages, with the address of
the system and the write key. The address names the version and the tag has its
hash, so a browser runs these bytes and no others; --newest follows releases
instead. docs/tracker.md lists the attributes that the tag may have.

  waymark snippet --url https://collect.example --key wk_…

exit code: 0 printed · 1 the system does not answer · 2 wrong usage
`

// maxScriptBytes is more than any script has.
const maxScriptBytes = 1 << 20

// cmdSnippet prints a script tag.
func cmdSnippet(ctx context.Context, args []string, std stdio) int {
	set := flag.NewFlagSet("waymark snippet", flag.ContinueOnError)
	withUsage(set, snippetUsage)
	var system place
	system.flags(set, "write `key` of the source, wk_…; WAYMARK_WRITE_KEY or WAYMARK_KEY when left out, else that of a running `waymark dev`")
	isFull := set.Bool("full", false, "with links, downloads, forms, engagement and web vitals")
	isNewest := set.Bool("newest", false, "the address of the newest version, without a hash")
	script := set.String("script", "wm", "what your edge calls the files (EdgeScript), in the place of wm")
	words, code, done := parseWords(set, args, std)
	if done {
		return code
	}
	if len(words) > 0 {
		set.Usage()
		return 2
	}
	name := *script + ".js"
	if *isFull {
		name = *script + ".full.js"
	}
	tag, err := snippet(ctx, system, name, *isNewest)
	if err != nil {
		fmt.Fprintf(std.Err, "waymark snippet: %v\n", err)
		return 1
	}
	fmt.Fprintln(std.Out, tag)
	return 0
}

// snippet is the tag of a script. The system itself says which version is the newest.
func snippet(ctx context.Context, system place, name string, isNewest bool) (string, error) {
	address, key, err := system.writeKey(ctx)
	if err != nil {
		return "", err
	}
	if key == "" {
		return "", fmt.Errorf("no write key is known for %s: give --key wk_…", address)
	}
	for _, secret := range []string{workspace.KeyText(workspace.Secret, workspace.Site, ""), workspace.KeyText(workspace.Write, workspace.ServerSource, "")} {
		if strings.HasPrefix(key, secret) {
			return "", fmt.Errorf("a key %s… is a secret, and everybody reads what stands in a page: give the key of the site, wk_…; `waymark keys list WORKSPACE` shows it", secret)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	script, pinned, err := fetchScript(ctx, address+"/"+name)
	if err != nil {
		return "", err
	}
	if isNewest {
		return fmt.Sprintf(`<script async src="%s/%s" data-key="%s"></script>`, address, name, key), nil
	}
	called, _, _ := strings.Cut(name, ".")
	pinned = strings.ReplaceAll(pinned, "wm", called)
	sum := sha512.Sum384(script)
	return fmt.Sprintf(`<script async src="%s%s" integrity="sha384-%s" crossorigin="anonymous" data-key="%s"></script>`,
		address, pinned, base64.StdEncoding.EncodeToString(sum[:]), key), nil
}

// fetchScript gives a script and the path at which these very bytes stay.
func fetchScript(ctx context.Context, address string) (script []byte, pinned string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = response.Body.Close() }() // what it said is read
	script, err = io.ReadAll(io.LimitReader(response.Body, maxScriptBytes))
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w", address, err)
	}
	pinned = response.Header.Get("Content-Location")
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(pinned, "/wm/") {
		return nil, "", fmt.Errorf("%s is answered %d and is no tracker: is the system older than it?", address, response.StatusCode)
	}
	return script, pinned, nil
}
