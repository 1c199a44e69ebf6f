using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// The contexts of one sandbox, in creation order; one default context per language. Those of Python and JavaScript
/// are there from the start, the others are made when first asked for. Having a context does not start its kernel.
/// </summary>
internal sealed class KernelContexts
{
    /// <summary>Where a kernel starts that was not told otherwise.</summary>
    public const string DefaultWorkingDirectory = "/home/user";

    /// <summary>Id of the Python context that every sandbox has; the pool starts its kernel ahead.</summary>
    public const string DefaultPythonId = "python";

    /// <summary>The languages to name in a refusal.</summary>
    public const string SupportedLanguages = "python, javascript, typescript, bash";

    private const int IdBytes = 16;

    private readonly Lock _lock = new();

    // Both guarded by _lock.
    private readonly List<KernelContext> _contexts = [];
    private readonly Dictionary<string, KernelContext> _defaults = new(StringComparer.Ordinal);

    public KernelContexts()
    {
        _defaults["python"] = Add(DefaultPythonId, "python", DefaultWorkingDirectory);
        Default("javascript");
    }

    /// <summary>The language's one name (<c>ts</c> becomes <c>javascript</c>, whose kernel runs it); false where no kernel speaks it.</summary>
    public static bool TryNormalise(string language, [NotNullWhen(true)] out string? normalised)
    {
        normalised = language.Trim().ToUpperInvariant() switch
        {
            "PYTHON" or "PYTHON3" or "PY" => "python",
            "JAVASCRIPT" or "JS" or "NODE" or "TYPESCRIPT" or "TS" => "javascript",
            "BASH" or "SH" => "bash",
            _ => null,
        };
        return normalised is not null;
    }

    /// <summary>All of them, in creation order.</summary>
    public IReadOnlyList<KernelContext> List()
    {
        lock (_lock) return [.. _contexts];
    }

    /// <summary>The default context of a normalised language.</summary>
    public KernelContext Default(string language)
    {
        lock (_lock)
        {
            if (_defaults.TryGetValue(language, out var context)) return context;
            context = Add(NewId(), language, DefaultWorkingDirectory);
            _defaults[language] = context;
            return context;
        }
    }

    /// <summary>A further context of a normalised language.</summary>
    public KernelContext Create(string language, string workingDirectory)
    {
        lock (_lock) return Add(NewId(), language, workingDirectory);
    }

    /// <summary>null where there is none of that id.</summary>
    public KernelContext? Find(string id)
    {
        lock (_lock) return _contexts.Find(context => context.Id == id);
    }

    /// <summary>False where there was none. A default context comes back, with a new id, when next asked for.</summary>
    public bool Remove(string id)
    {
        lock (_lock)
        {
            var index = _contexts.FindIndex(context => context.Id == id);
            if (index < 0) return false;
            var context = _contexts[index];
            _contexts.RemoveAt(index);
            if (_defaults.TryGetValue(context.Language, out var byLanguage) && byLanguage == context)
                _defaults.Remove(context.Language);
            return true;
        }
    }

    private static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));

    /// <summary>Caller holds <see cref="_lock"/>, or is the constructor.</summary>
    private KernelContext Add(string id, string language, string workingDirectory)
    {
        var context = new KernelContext(id, language, workingDirectory);
        _contexts.Add(context);
        return context;
    }
}
