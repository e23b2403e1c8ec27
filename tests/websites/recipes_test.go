package websites_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"waymark/tests/e2e"
)

const (
	recipes = "docs/recipes.md"
	nginx   = "node/nginx/usr/sbin/nginx"
	collect = "https://collect.example.com"
)

// recipe runs node/recipes.mjs with some files and reads what it prints.
func recipe[T any](t *testing.T, name string, files ...string) T {
	t.Helper()
	needs(t, modules)
	out, err := command(t, "node", append([]string{"node/recipes.mjs", name}, files...)...)
	if err != nil {
		t.Fatalf("the recipe %s ends with %v: %s", name, err, out)
	}
	var value T
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		t.Fatalf("read what the recipe %s did: %v: %s", name, err, out)
	}
	return value
}

// mine is a recipe's code with the address and the key of the running system.
func mine(t *testing.T, code string) string {
	t.Helper()
	system := world.System(t)
	if !strings.Contains(code, collect) {
		t.Fatalf("the code does not name %s:\n%s", collect, code)
	}
	return strings.NewReplacer(collect, system.URL, "wk_…", system.Keys.Write).Replace(code)
}

// accepted waits until each of these messages is told as accepted, and gives their names.
func accepted(t *testing.T, system *e2e.System, ids ...string) []string {
	t.Helper()
	var names []string
	for _, id := range ids {
		var said struct {
			Events []struct{ Fate, Name, Reason, Code string }
		}
		ask(t, system, "/v1/debug/events?wait=20s&messageId="+url.QueryEscape(id), &said)
		if len(said.Events) != 1 || said.Events[0].Fate != "accepted" {
			t.Errorf("of %s became %+v, want it accepted once", id, said.Events)
			continue
		}
		names = append(names, said.Events[0].Name)
	}
	return names
}

func ask(t *testing.T, system *e2e.System, path string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, system.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+system.Keys.Secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, into)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s is answered %d %s, %v", path, response.StatusCode, text, err)
	}
}

// post sends an event, as a page does, and fails the test when it is not taken.
func post(t *testing.T, address string, event map[string]any) {
	t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(address+"/v1/track", "text/plain", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != `{"success":true}` {
		t.Errorf("%s is answered %d %s, %v", body, response.StatusCode, text, err)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// TestCloudFront: each behaviour has an origin and policies, the script may be cached, and events may not and may be posted.
func TestCloudFront(t *testing.T) {
	t.Parallel()
	var d struct {
		Origins []struct {
			ID string `yaml:"Id"`
		} `yaml:"Origins"`
		Behaviors []struct {
			Path    string   `yaml:"PathPattern"`
			Origin  string   `yaml:"TargetOriginId"`
			Methods []string `yaml:"AllowedMethods"`
			Caching string   `yaml:"CachePolicyId"`
			Forward string   `yaml:"OriginRequestPolicyId"`
		} `yaml:"CacheBehaviors"`
	}
	if err := yaml.Unmarshal([]byte(blocks(t, recipes, "yaml")[0]), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Origins) != 1 || len(d.Behaviors) != 2 {
		t.Fatalf("there are %d origins and %d behaviours", len(d.Origins), len(d.Behaviors))
	}
	for _, b := range d.Behaviors {
		isEvents := b.Path == "/v1/*"
		if b.Origin != d.Origins[0].ID || slices.Contains(b.Methods, "POST") != isEvents || !slices.Contains(b.Methods, "OPTIONS") {
			t.Errorf("%s goes to %s with %v", b.Path, b.Origin, b.Methods)
		}
		// The ids of AWS's managed policies CachingDisabled and AllViewerExceptHostHeader, the same in every account.
		isUncached := b.Caching == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" && b.Forward == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
		if isUncached != isEvents {
			t.Errorf("%s has the policies %s and %q", b.Path, b.Caching, b.Forward)
		}
	}
}

// TestNginx: nginx takes the configuration; what is sent to it is accepted, and nothing can be read through it.
func TestNginx(t *testing.T) {
	needs(t, nginx)
	system := world.System(t)
	program, err := filepath.Abs(nginx)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	block := mine(t, blocks(t, recipes, "nginx")[0])
	block = strings.Replace(block, "Host collect.example.com", "Host "+strings.TrimPrefix(system.URL, "http://"), 1)
	folder := t.TempDir()
	configuration := fmt.Sprintf("daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log; events {}\nhttp { access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;\nserver { listen %[2]s;\n%[3]s\n} }\n", folder, address, block)
	file := written(t, "nginx.conf", configuration)
	if out, err := command(t, program, "-t", "-p", folder, "-e", folder+"/error.log", "-c", file); err != nil {
		t.Fatalf("nginx does not take the configuration: %v: %s", err, out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, program, "-p", folder, "-e", folder+"/error.log", "-c", file)
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = server.Wait() // it was told to end
	}()
	err = e2e.Eventually(t.Context(), time.Minute, func(ctx context.Context) error {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("nginx-%d", time.Now().UnixNano())
	post(t, "http://"+address, map[string]any{"writeKey": system.Keys.Write, "messageId": id, "anonymousId": "n", "event": "Through nginx"})
	equal(t, "what comes through nginx", accepted(t, system, id), []string{"Through nginx"})
	if direct, through := script(t, system.URL), script(t, "http://"+address); direct != through {
		t.Errorf("the script is another through nginx: %.200s, want %.200s", through, direct)
	}
	for path, want := range map[string]int{"/v1/status": http.StatusNotFound, "/v1/profiles/user:1": http.StatusNotFound, "/v1/track/x": http.StatusNotFound} {
		response, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // the status is enough
		if response.StatusCode != want {
			t.Errorf("GET %s through nginx is answered %d, want %d", path, response.StatusCode, want)
		}
	}
}

// script is what is answered for the tracker.
func script(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address + "/wm.js")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(response.StatusCode, " ", response.Header.Get("Content-Type"), " ", regexp.MustCompile(`"request_id":"[^"]*"`).ReplaceAllString(string(text), ""))
}

// TestNextJS: the site's own addresses are those of collection and no others, and each page has the tag.
func TestNextJS(t *testing.T) {
	t.Parallel()
	all := blocks(t, recipes, "js")
	config := slices.IndexFunc(all, func(code string) bool { return strings.Contains(code, "rewrites()") })
	got := recipe[struct {
		Rewrites map[string]string
		Layout   struct {
			Type     string
			Children []struct{ Children []any }
		}
	}](t, "nextjs", written(t, "next.config.mjs", strings.Replace(all[config], "process.env.WAYMARK_URL ?? ", "", 1)), written(t, "layout.tsx", blocks(t, recipes, "tsx")[0]))
	equal(t, "rewrites", got.Rewrites, map[string]string{
		"/wm.js": collect + "/wm.js", "/v1/track": collect + "/v1/track", "/v1/batch": collect + "/v1/batch", "/v1/pixel.gif": collect + "/v1/pixel.gif",
		"/v1/profiles": "", "/v1/status": "", "/v1/track/x": "", "/": "", "/about": "",
	})
	tag := map[string]any{"type": "Script", "src": "/wm.js", "data-key": "wk_…", "strategy": "afterInteractive", "children": []any{}}
	equal(t, "layout", got.Layout.Type, "html")
	equal(t, "body", got.Layout.Children[0].Children, []any{"page", tag})
}

// TestWordPress: the plugin is PHP, and hooks into what WordPress and WooCommerce call.
func TestWordPress(t *testing.T) {
	t.Parallel()
	got := recipe[struct{ Hooks, Calls []string }](t, "wordpress", written(t, "waymark.php", blocks(t, recipes, "php")[0]))
	equal(t, "hooks", got.Hooks, []string{"wp_enqueue_scripts", "script_loader_tag", "woocommerce_payment_complete"})
	equal(t, "functions", got.Calls, []string{
		"add_action", "add_filter", "array_filter", "base64_encode", "defined", "esc_attr", "gmdate", "str_replace", "wc_get_order", "wp_enqueue_script",
		"wp_json_encode", "wp_remote_post",
	})
}

type pushed [][]any

// TestShopifyTheme: the tag is on each page; that of a product gives its event, whatever stands in the product's name.
func TestShopifyTheme(t *testing.T) {
	system := world.System(t)
	type rendered struct {
		HTML   string
		Pushed pushed
	}
	got := recipe[struct{ Product, Other rendered }](t, "theme", written(t, "theme.liquid", blocks(t, recipes, "liquid")[0]))
	tag := `<script async src="` + collect + `/wm.js" data-key="wk_…"></script>`
	if strings.TrimSpace(got.Other.HTML) != tag || !strings.HasPrefix(got.Product.HTML, tag) {
		t.Errorf("rendered\n%s\nand\n%s", got.Other.HTML, got.Product.HTML)
	}
	sendPushed(t, system, "shopify-theme", got.Product.Pushed, "Product Viewed")
}

// sendPushed sends what a page gave to the tracker, as the tracker does, and waits until it is accepted.
func sendPushed(t *testing.T, system *e2e.System, id string, calls pushed, want ...string) {
	t.Helper()
	var ids []string
	begin := time.Now().UnixNano()
	for n, call := range calls {
		if len(call) != 3 || call[0] != "track" {
			t.Fatalf("given is %v, want a call of track", call)
		}
		ids = append(ids, fmt.Sprintf("%s-%d-%d", id, begin, n))
		post(t, system.URL, map[string]any{"writeKey": system.Keys.Write, "messageId": ids[n], "anonymousId": id, "event": call[1], "properties": call[2]})
	}
	equal(t, "accepted events", accepted(t, system, ids...), want)
}

// TestShopifyPixel: the custom pixel of the checkout sends a purchase, of the visitor that the tracker knows.
func TestShopifyPixel(t *testing.T) {
	system := world.System(t)
	all := blocks(t, recipes, "js")
	code := all[slices.IndexFunc(all, func(code string) bool { return strings.Contains(code, "analytics.subscribe") })]
	got := recipe[struct {
		Listeners []string
		Answers   []struct{ Success bool }
		Prefix    string
	}](t, "pixel", written(t, "pixel.js", mine(t, code)))
	equal(t, "listeners", got.Listeners, []string{"product_added_to_cart", "checkout_started", "checkout_completed"})
	ids := []string{got.Prefix + "-0", got.Prefix + "-1", got.Prefix + "-2"}
	equal(t, "accepted events", accepted(t, system, ids...), []string{"Product Added", "Checkout Started", "Order Completed"})
	var person struct {
		Orders struct {
			Count   int
			Revenue []struct{ Currency, Amount string }
		}
	}
	ask(t, system, "/v1/profiles/anon:visitor-1", &person)
	if fmt.Sprint(person.Orders) != "{1 [{EUR 25.80}]}" {
		t.Errorf("the visitor's orders are %v", person.Orders)
	}
}

// TestGTM: the tag gives what was in the data layer before it and what comes after, nothing else, and leaves the layer as it is. The container has the
// same script.
func TestGTM(t *testing.T) {
	system := world.System(t)
	code := blocks(t, recipes, "javascript")[0]
	got := recipe[struct {
		Made   []map[string]any
		Pushed pushed
		Layer  int
	}](t, "gtm", written(t, "gtm.js", code))
	equal(t, "tag", got.Made, []map[string]any{{"type": "script", "async": true, "src": collect + "/wm.js", "data-key": "wk_…"}})
	equal(t, "entries of the data layer", got.Layer, 6)
	sendPushed(t, system, "gtm", got.Pushed, "Product Viewed", "Products Searched", "Order Completed")
	var container struct {
		Format  int `json:"exportFormatVersion"`
		Version struct {
			Tags []struct {
				Type       string              `json:"type"`
				Triggers   []string            `json:"firingTriggerId"`
				Parameters []map[string]string `json:"parameter"`
			} `json:"tag"`
		} `json:"containerVersion"`
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/recipes/gtm.json"))
	if err == nil {
		err = json.Unmarshal(text, &container)
	}
	if err != nil {
		t.Fatal(err)
	}
	tags := container.Version.Tags
	if container.Format != 2 || len(tags) != 1 || tags[0].Type != "html" || len(tags[0].Triggers) != 1 || tags[0].Parameters[0]["value"] != "<script>\n"+code+"</script>" {
		t.Errorf("the container is %+v, want one tag with the script of the document", container)
	}
}
