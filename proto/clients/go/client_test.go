package falco_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	falco "github.com/falcosecurity/falco/proto/clients/go"
	"github.com/falcosecurity/falco/proto/clients/go/gen/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The server at FALCO_ADDRESS; FALCO_CERTS is set when that is TCP (see tests/e2e/grpc).
var address, certificates = os.Getenv("FALCO_ADDRESS"), os.Getenv("FALCO_CERTS")

var fields = []*api.Field{{Name: "gosrc.user"}, {Name: "gosrc.count", Type: api.FieldType_UINT64}, {Name: "gosrc.tags", List: true}}

func connect(t *testing.T, directory, name string) (*falco.Client, context.Context) {
	t.Helper()
	if address == "" {
		t.Skip("FALCO_ADDRESS names no server")
	}
	client, err := falco.New(falco.Config{
		Address:  address,
		CertFile: directory + "/" + name + ".crt",
		KeyFile:  directory + "/" + name + ".key",
		CAFile:   certificates + "/ca.crt",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(func() { cancel(); client.Close() })
	return client, ctx
}

func rule(name, condition string) string {
	return fmt.Sprintf("- rule: %s\n  desc: d\n  condition: %s\n  output: \"%%gosrc.user came\"\n  priority: ERROR\n  source: gosrc\n", name, condition)
}

// textOf is the output without time and priority in front.
func textOf(output string) string {
	_, text, _ := strings.Cut(output, ": Error ")
	return text
}

func must[T any](t *testing.T, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAlertsReachSubGetAndSubscribeInOrder(t *testing.T) {
	client, ctx := connect(t, certificates, "operator")
	version, err := client.Version(ctx)
	if must(t, version, err).EngineVersion == "" {
		t.Error("no engine version")
	}
	change, err := client.CreateRules(ctx, rule("GoOrder", "gosrc.user startswith u"), "")
	must(t, change, err)
	const total = 1000
	var readers sync.WaitGroup
	var seen [2][]string
	readers.Add(2)
	go func() {
		defer readers.Done()
		for alert, err := range client.Sub(ctx) {
			if err != nil {
				t.Error(err)
			} else if seen[0] = append(seen[0], textOf(alert.Output)); len(seen[0]) == total {
				return
			}
		}
	}()
	go func() {
		defer readers.Done()
		for alert, err := range client.Subscribe(ctx) {
			if err != nil {
				t.Error(err)
			} else if seen[1] = append(seen[1], textOf(alert.Output)); len(seen[1]) == total {
				return
			}
		}
	}()
	time.Sleep(500 * time.Millisecond)
	input, err := client.Input(ctx, "gosrc", fields, nil)
	must(t, input, err)
	for i := range total {
		id, err := input.Send(falco.Fields{"gosrc.user": fmt.Sprintf("u%d", i), "gosrc.count": i}, time.Now())
		must(t, id, err)
	}
	accepted, refused, err := input.Close()
	if err != nil || accepted != total || refused != 0 {
		t.Errorf("accepted %d, refused %d, %v", accepted, refused, err)
	}
	readers.Wait()
	for _, outputs := range seen {
		for i, output := range outputs {
			if want := fmt.Sprintf("u%d came", i); output != want {
				t.Fatalf("got %q, want %q", output, want)
			}
		}
	}
	time.Sleep(300 * time.Millisecond)
	input, err = client.Input(ctx, "gosrc", fields, nil)
	must(t, input, err)
	_, _ = input.Send(falco.Fields{"gosrc.user": "u-late"}, time.Now())
	_, _, _ = input.Close()
	time.Sleep(300 * time.Millisecond)
	var late []string
	for alert, err := range client.Get(ctx) {
		late = append(late, textOf(must(t, alert, err).Output))
	}
	if len(late) != 1 || late[0] != "u-late came" {
		t.Errorf("get: %v", late)
	}
}

func TestRules(t *testing.T) {
	client, ctx := connect(t, certificates, "operator")
	created, err := client.CreateRules(ctx, rule("GoRule", "evt.num < 0"), "")
	must(t, created, err)
	_, err = client.UpdateRules(ctx, rule("GoRule", "no.such.field = 1"), "")
	var refused *falco.RulesRefused
	if !errors.As(err, &refused) || !json.Valid([]byte(refused.Result)) || len(refused.Findings) == 0 {
		t.Fatalf("not refused with findings: %v", err)
	}
	change, err := client.DisableRules(ctx, &api.SwitchRulesRequest{Rules: []string{"GoRule"}})
	must(t, change, err)
	got, err := client.API.GetRule(ctx, &api.GetRuleRequest{Name: "GoRule"})
	if must(t, got, err).Enabled {
		t.Error("still enabled")
	}
	names := []string{"GoRule"}
	_, err = client.DeleteRules(ctx, &api.DeleteRulesRequest{Rules: names, Revision: created.Revision})
	if status.Code(err) != codes.Aborted {
		t.Errorf("a stale revision gave %v", err)
	}
	change, err = client.DeleteRules(ctx, &api.DeleteRulesRequest{Rules: names})
	must(t, change, err)
}

func TestRefusedEventsAreToldAndTheInputGoesOn(t *testing.T) {
	client, ctx := connect(t, certificates, "operator")
	var refusals []*api.Refusal
	input, err := client.Input(ctx, "gosrc", fields, func(one *api.Refusal) { refusals = append(refusals, one) })
	must(t, input, err)
	for _, event := range []falco.Fields{{"gosrc.tags": []string{"x"}}, {"gosrc.user": 1}, {"gosrc.count": 2}} {
		id, err := input.Send(event, time.Now())
		must(t, id, err)
	}
	accepted, refused, err := input.Close()
	if err != nil || accepted != 2 || refused != 1 || len(refusals) != 1 || refusals[0].Field != "gosrc.user" {
		t.Errorf("accepted %d, refused %d %v, %v", accepted, refused, refusals, err)
	}
	input, err = client.Input(ctx, "syscall", fields, nil)
	if _, _, err = must(t, input, err).Close(); status.Code(err) != codes.Aborted {
		t.Errorf("a reserved source gave %v", err)
	}
}

func TestCertificates(t *testing.T) {
	if certificates == "" {
		t.Skip("certificates are for TCP")
	}
	reader, ctx := connect(t, certificates, "client")
	if _, err := reader.Version(ctx); err != nil {
		t.Error(err)
	}
	_, err := reader.DisableRules(ctx, &api.SwitchRulesRequest{Rules: []string{"x"}})
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("a reader's change gave %v", err)
	}
	foreign, ctx := connect(t, certificates+"/other", "client")
	if _, err := foreign.Version(ctx); status.Code(err) != codes.Unavailable {
		t.Errorf("a foreign certificate gave %v", err)
	}
}
