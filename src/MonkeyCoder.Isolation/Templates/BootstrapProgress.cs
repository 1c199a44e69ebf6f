using System.Globalization;
using System.Text.RegularExpressions;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>Reads the output of a verbose mmdebstrap(1), line by line, and says how far it is.</summary>
internal sealed partial class BootstrapProgress
{
    // Shares of the whole, in percent, as they were measured.
    private const int Downloading = 2;
    private const int InstallingEssential = 12;
    private const int InstallingRest = 25;
    private const int Customizing = 82;
    private const int Cleaning = 97;

    private readonly int _hooks;
    private int _packages;
    private int _downloaded;
    private int _unpacked;
    private int _configured;
    private int _customized;
    private int _floor;
    private int _ceiling = Downloading;

    /// <param name="hooks">Number of the recipe's customize hooks.</param>
    public BootstrapProgress(int hooks) => _hooks = Math.Max(hooks, 1);

    private TemplatePhase Phase { get; set; } = TemplatePhase.Downloading;

    /// <summary>What a line says; null where it says nothing new.</summary>
    public TemplateProgress? Read(string line)
    {
        if (line.StartsWith("I: ", StringComparison.Ordinal)) return ReadStep(line[3..]);
        if (NewlyInstalled().Match(line) is { Success: true } count)
        {
            _packages = int.Parse(count.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            (_downloaded, _unpacked, _configured) = (0, 0, 0);
            return null;
        }

        if (Download().Match(line) is { Success: true } get && _packages > 0)
            return Counted(ref _downloaded, $"downloading {get.Groups[1].Value}");
        if (Unpack().Match(line) is { Success: true } unpack) return Counted(ref _unpacked, $"unpacking {unpack.Groups[1].Value}");
        return Configure().Match(line) is { Success: true } configure
            ? Counted(ref _configured, $"setting up {configure.Groups[1].Value}")
            : null;
    }

    private TemplateProgress? ReadStep(string step)
    {
        if (step.StartsWith("running --customize-hook", StringComparison.Ordinal)) return ReadHook(step);
        (TemplatePhase Phase, int Floor, int Ceiling)? found = step switch
        {
            "running apt-get update..." => (TemplatePhase.Downloading, 0, Downloading),
            "downloading packages with apt..." => (TemplatePhase.Downloading, Downloading, InstallingEssential),
            "installing essential packages..." => (TemplatePhase.Installing, InstallingEssential, InstallingRest),
            "installing remaining packages inside the chroot..." => (TemplatePhase.Installing, InstallingRest, Customizing),
            "cleaning package lists and apt cache..." => (TemplatePhase.Finishing, Cleaning, Cleaning),
            _ => null,
        };
        if (found is not { } part) return null;
        (Phase, _floor, _ceiling) = part;
        (_downloaded, _unpacked, _configured) = (0, 0, 0);
        return new TemplateProgress(Phase, step.TrimEnd('.'), _floor);
    }

    private TemplateProgress ReadHook(string step)
    {
        Phase = TemplatePhase.Customizing;
        var percent = Customizing + ((Cleaning - Customizing) * _customized++ / _hooks);
        var name = HookName().Match(step) is { Success: true } hook ? hook.Groups[1].Value : "step";
        return new TemplateProgress(Phase, $"recipe step {name}", Math.Min(percent, Cleaning));
    }

    // The essential packages are all fetched before any is unpacked; the rest is fetched in the step that installs it.
    private TemplateProgress Counted(ref int counter, string message)
    {
        counter++;
        var stepsEach = Phase == TemplatePhase.Downloading ? 1 : _downloaded > 0 ? 3 : 2;
        var done = _downloaded + _unpacked + _configured;
        var steps = Math.Max(stepsEach * _packages, done);
        return new TemplateProgress(Phase, message, _floor + ((_ceiling - _floor) * done / steps));
    }

    [GeneratedRegex(@"^\d+ upgraded, (\d+) newly installed")]
    private static partial Regex NewlyInstalled();

    // Get:17 http://deb.debian.org/debian bookworm/main amd64 curl amd64 7.88.1-10 [315 kB]
    [GeneratedRegex(@"^Get:\d+ \S+ \S+ \S+ (\S+) ")]
    private static partial Regex Download();

    [GeneratedRegex(@"^Unpacking (\S+) ")]
    private static partial Regex Unpack();

    [GeneratedRegex(@"^Setting up (\S+) ")]
    private static partial Regex Configure();

    [GeneratedRegex(@"/customize-\d*-?([^/\s]+)\s")]
    private static partial Regex HookName();
}
