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
}
