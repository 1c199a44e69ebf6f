using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>Collects everything that is wrong with a section, each with its full key.</summary>
internal sealed class OptionChecks(string section)
{
    private readonly List<string> _failures = [];

    public ValidateOptionsResult Result =>
        _failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_failures);

    /// <summary>Adds a failure; the sentence begins with the key.</summary>
    public void Fail(string property, string what)
    {
        var key = $"{section}:{property}";
        var variable = EnvironmentVariables.NameOf(key);
        _failures.Add(variable is null ? $"{key} {what}." : $"{key} ({variable}) {what}.");
    }

    public void InRange<T>(string property, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0) Fail(property, $"is {value} and must be {least} to {most}");
    }

    public void IsAbsolutePath(string property, string path)
    {
        if (!Path.IsPathFullyQualified(path)) Fail(property, $"is '{path}' and must be an absolute path");
    }
}

internal static class OptionsRegistration
{
    /// <summary>Binds a section and checks it before the service listens.</summary>
    public static void AddNodeOptions<TOptions, TValidator>(this IServiceCollection services, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TOptions>, TValidator>());
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
    }

    /// <summary>
    /// Checks every section at once. The host asks for some options while it is being built, and would show the
    /// mistakes of the first section only; so this comes before it, with a provider of its own that makes options only.
    /// </summary>
    public static void CheckOptions(this IServiceCollection services)
    {
#pragma warning disable ASP0000 // Nothing but options is made by this provider.
        using var provider = services.BuildServiceProvider();
#pragma warning restore ASP0000
        provider.GetRequiredService<IStartupValidator>().Validate();
    }
}
