using System.ComponentModel;
using System.Globalization;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>A secret from the configuration: it shows itself only to who asks by name.</summary>
[TypeConverter(typeof(SecretConverter))]
internal sealed class Secret(string value)
{
    /// <summary>The secret. Never into a log, a message or a command line.</summary>
    public string Reveal() => value;

    public override string ToString() => "***";
}

/// <summary>Lets the configuration binder make a <see cref="Secret"/>.</summary>
internal sealed class SecretConverter : TypeConverter
{
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        value is string { Length: > 0 } text ? new Secret(text) : null;
}
