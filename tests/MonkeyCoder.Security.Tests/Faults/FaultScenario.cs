using System.Globalization;
using System.Security.Cryptography;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Security.Tests.Node;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Faults;

/// <summary>
/// Runs a fault scenario against a node of its own, which the scenario's own functions start, kill and start again
/// (Tools/faults.sh). Afterwards nothing of that node may be left on the machine.
/// </summary>
internal static class FaultScenario
{
    private const string Tenant = "tenant-a";

    // Of the case that is run in shares.
    private const int Rounds = 100;

    /// <param name="tried">The case.</param>
    /// <param name="smallDiskMiB">Puts the state directory on a file system of that size; 0 for the machine's own.</param>
    /// <param name="shares">How many times the scenario runs at once, each with its share of the rounds.</param>
    public static async Task<Outcome> RunAsync(CorpusCase tried, int smallDiskMiB = 0, int shares = 1)
    {
        var directory = Directory.CreateTempSubdirectory("monkeycoder-fault-").FullName;
        // runc goes through these directories as the mapped root of a sandbox.
        File.SetUnixFileMode(directory, (UnixFileMode)0b111_001_001);
        var state = Path.Combine(directory, "state");
        Directory.CreateDirectory(state, (UnixFileMode)0b111_001_001);
        await using var disk = smallDiskMiB == 0 ? null : await SmallDisk.MountAsync(directory, state, smallDiskMiB);
        var key = (await new ApiKeyStore(state, TimeProvider.System).CreateAsync("faults", Tenant, CancellationToken.None)).Key;
        var port = FreePort.Find().ToString(CultureInfo.InvariantCulture);
        var variables = new Dictionary<string, string>
        {
            ["CASE"] = tried.Id,
            ["API"] = $"http://127.0.0.1:{port}",
            ["APIHOST"] = "127.0.0.1",
            ["APIPORT"] = port,
            ["PORT"] = port,
            ["DOMAIN"] = "sbx.test",
            ["KEY_A"] = key,
            ["TENANT_A"] = Tenant,
            ["SECRET"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            ["SERVICE"] = Repository.Service,
            ["CLI"] = Repository.Cli,
            ["STATE"] = state,
            ["INSTANCE"] = Leftovers.InstanceOf(state),
            ["RUN"] = "/run/monkeycoder",
            ["WORK"] = Path.Combine(directory, "work"),
            ["TOOLS"] = Shell.Tools,
            ["CLOCK_LIBRARY"] = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
            ["MAX_SANDBOXES"] = "10",
        };
        var attempt = shares == 1
            ? tried.Attempt
            : $"seq() {{ command seq {Rounds / shares}; }}\nattempt() {{\n{tried.Attempt}\n}}\nshares {shares}";
        var outcome = await Shell.RunAsync(
            $". {Shell.Tools}/faults.sh\nscenario_begin", attempt, "scenario_end", variables, TimeSpan.FromMinutes(5));
        var log = Path.Combine(directory, "work/service.log");
        var left = await new Leftovers(state).ListSettledAsync(TimeSpan.FromSeconds(20));
        if (left.Count > 0) outcome = outcome with { Stdout = outcome.Stdout + $"BREACH left behind:\n{string.Join('\n', left)}\n" };
        if (Judge.Of(tried, outcome) == Verdict.Held)
        {
            if (disk is not null) await disk.DisposeAsync();
            Directory.Delete(directory, recursive: true);
            return outcome;
        }

        return outcome with { Stderr = outcome.Stderr + "\nservice:\n" + (File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(40)) : "no log") };
    }
}
