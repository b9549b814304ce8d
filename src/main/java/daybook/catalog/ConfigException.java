package daybook.catalog;

/**
 * A configuration that cannot be used; the message is one plain sentence that names key, value and what is
 * allowed.
 */
public final class ConfigException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public ConfigException(String message) {
        super(message);
    }
}
